/* SPDX-License-Identifier: BSD-3-Clause */

#include "host_options.h"

#include <arpa/inet.h>
#include <string.h>

#include "options.h"

#define SECONDS_MAX 86400U /* a day: longer than any host keeps anything */
#define PORT_MAX 65535U
#define IPV4_OFFSET 12 /* of an address mapped into IPv6 (RFC 4291 2.5.5.2) */

gboolean host_address_parse(const char *word, Address *address) {
        static const guint8 mapped[IPV4_OFFSET] = { [10] = 0xff, [11] = 0xff };

        memcpy(address->bytes, mapped, sizeof mapped);
        return inet_pton(AF_INET, word, address->bytes + IPV4_OFFSET) == 1 || inet_pton(AF_INET6, word, address->bytes) == 1;
}

static gboolean set_bad(GError **error, const char *option, const char *value, const char *what) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is not %s", option, value, what);
        return FALSE;
}

/*
 * Takes the address away that @value may begin with. Returns: what follows; NULL with @error set if it is
 * none.
 */
static const char *take_address(const char *option, const char *value, HostGiven *given, GError **error) {
        const char *equals = strrchr(value, '=');
        g_autofree char *word = equals ? g_strndup(value, (gsize)(equals - value)) : NULL;

        given->everywhere = !equals;
        if (!equals)
                return value;
        if (host_address_parse(word, &given->address))
                return equals + 1;
        set_bad(error, option, word, "an address");
        return NULL;
}

static gboolean parse_model(const char *word, HostGiven *given) {
        given->model = host_model_parse(word);
        return given->model != NULL;
}

static gboolean parse_number(const char *word, guint64 max, guint64 *number) {
        return g_ascii_string_to_unsigned(word, 10, 1, max, number, NULL);
}

static gboolean parse_fin_timeout(const char *word, HostGiven *given) {
        guint64 seconds;

        if (!parse_number(word, SECONDS_MAX, &seconds))
                return FALSE;
        given->settings.fin_timeout_s = (guint32)seconds;
        return TRUE;
}

static gboolean parse_time_wait(const char *word, HostGiven *given) {
        guint64 seconds;

        if (!parse_number(word, SECONDS_MAX, &seconds))
                return FALSE;
        given->settings.time_wait_s = (guint32)seconds;
        return TRUE;
}

static gboolean parse_port_range(const char *word, HostGiven *given) {
        g_auto(GStrv) ports = g_strsplit_set(word, ":-", 2);
        guint64 first, last;

        if (g_strv_length(ports) != 2 || !parse_number(ports[0], PORT_MAX, &first) || !parse_number(ports[1], PORT_MAX, &last) || first > last)
                return FALSE;
        given->settings.port_first = (guint16)first;
        given->settings.port_last = (guint16)last;
        return TRUE;
}

static const struct {
        const char *name;
        gboolean (*parse)(const char *word, HostGiven *given);
        const char *what, *description, *argument;
} options[] = {
        { "host-model", parse_model, "a model: 'lastack models' lists them", "What TCP a host runs, or all do: 10.0.0.1=freebsd", "[ADDRESS=]MODEL" },
        { "fin-timeout", parse_fin_timeout, "a number of seconds from 1 to 86400", "Its tcp_fin_timeout", "[ADDRESS=]SECONDS" },
        { "time-wait", parse_time_wait, "a number of seconds from 1 to 86400", "How long it keeps TIME_WAIT", "[ADDRESS=]SECONDS" },
        { "port-range", parse_port_range, "a range of ports, 1024:65535", "The ports that it connects from", "[ADDRESS=]FIRST:LAST" },
};

static gboolean parse(const char *option, const char *value, gpointer data, GError **error) {
        Options *o = data;
        HostGiven given = { .model = NULL };
        const char *word = take_address(option, value, &given, error);

        for (guint i = 0; word && i < G_N_ELEMENTS(options); i++) {
                if (!g_str_equal(option + strlen("--"), options[i].name))
                        continue;
                if (!options[i].parse(word, &given))
                        return set_bad(error, option, word, options[i].what);
                g_array_append_val(o->hosts, given);
        }
        return word != NULL;
}

void host_options_add(GOptionGroup *group) {
        for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
                GOptionEntry entries[] = {
                        { options[i].name, 0, 0, G_OPTION_ARG_CALLBACK, OPTION_CALLBACK(parse), options[i].description, options[i].argument },
                        G_OPTION_ENTRY_NULL,
                };

                g_option_group_add_entries(group, entries);
        }
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "dissector.h"
#include "link.h"
#include "packet.h"
#include "plain.h"

struct Dissector {
        PathTable *paths;
        guint64 counts[DISSECT_RESULTS];
};

static const char *const names[] = {
#define REASON(ID, name, title) [DISSECT_##ID] = name,
#include "reasons.def"
#undef REASON
};

static const char *const titles[] = {
#define REASON(ID, name, title) [DISSECT_##ID] = title,
#include "reasons.def"
#undef REASON
};

const char *dissect_result_name(DissectResult result) {
        return names[result];
}

const char *dissect_result_title(DissectResult result) {
        return titles[result];
}

Dissector *dissector_new(void) {
        Dissector *d = g_new0(Dissector, 1);

        d->paths = path_table_new();
        return d;
}

void dissector_free(Dissector *d) {
        if (!d)
                return;
        path_table_free(d->paths);
        g_free(d);
}

DissectResult dissector_frame_in_layers(Dissector *d, const Frame *frame, Segment *segment) {
        gsize wire = MAX(frame->wire_bytes, frame->captured_bytes);
        Packet p = {
                .b = bytes_new(frame->data, frame->captured_bytes),
                .frame = frame,
                .segment = segment,
                .paths = d->paths,
                .facts = frame->direction == FRAME_OUTBOUND ? SEGMENT_NOT_INITIAL_COPY : 0,
        };
        DissectResult result;

        bytes_set_wire_length(&p.b, wire - MIN(wire, frame->fcs_bytes));
        result = link_decode(&p, frame->link_type);
        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE) {
                segment->time_ns = frame->time_ns;
                segment->frame = frame->ref;
                segment->path = (guint16)p.path;
                segment->path_detail = (guint16)p.path_detail;
        }
        d->counts[result]++;
        return result;
}

DissectResult dissector_frame(Dissector *d, const Frame *frame, Segment *segment) {
        if (!plain_decode(frame, segment))
                return dissector_frame_in_layers(d, frame, segment);
        d->counts[DISSECT_TCP]++;
        return DISSECT_TCP;
}

guint64 dissector_count(const Dissector *d, DissectResult result) {
        return d->counts[result];
}

const PathTable *dissector_paths(const Dissector *d) {
        return d->paths;
}

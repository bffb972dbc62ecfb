/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow.h"
#include "pool.h"

static const gsize note_bytes[] = {
        [NOTE_LINKS] = sizeof(FlowLinks),
        [NOTE_CLIENT_LOSSES] = sizeof(FlowLosses),
        [NOTE_SERVER_LOSSES] = sizeof(FlowLosses),
        [NOTE_CLIENT_HOLES] = sizeof(FlowHoles),
        [NOTE_SERVER_HOLES] = sizeof(FlowHoles),
        [NOTE_THINNED] = sizeof(FlowThinned),
        [NOTE_SYN] = sizeof(FlowSyn),
        [NOTE_RARE] = sizeof(FlowRare),
        [NOTE_ZEEK] = sizeof(FlowZeek),
};
G_STATIC_ASSERT(G_N_ELEMENTS(note_bytes) == NOTES);

gpointer flow_note_add(Flow *f, FlowNoteKind kind) {
        FlowNote *note = flow_note(f, kind);

        if (note)
                return note;
        note = pool_take(flow_pool(f), pool_class(note_bytes[kind]));
        memset(note, 0, note_bytes[kind]);
        note->kind = (guint8)kind;
        note->next = f->notes;
        f->notes = note;
        f->has |= (guint16)(1U << kind);
        return note;
}

void flow_note_remove(Flow *f, FlowNoteKind kind) {
        FlowNote *note = flow_note(f, kind), **at = &f->notes;

        if (!note)
                return;
        while (*at != note)
                at = &(*at)->next;
        *at = note->next;
        f->has &= (guint16)~(1U << kind);
        pool_give_back(flow_pool(f), note, pool_class(note_bytes[kind]));
}

const FlowLosses *flow_losses(const Flow *f, guint side) {
        static const FlowLosses none;
        const FlowLosses *losses = flow_note(f, NOTE_CLIENT_LOSSES + side);

        return losses ? losses : &none;
}

const Holes *flow_holes(const Flow *f, guint side) {
        static const FlowHoles none;
        const FlowHoles *holes = flow_note(f, NOTE_CLIENT_HOLES + side);

        return holes ? &holes->holes : &none.holes;
}

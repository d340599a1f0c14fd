"""The state of a session: masks, objects, drafts, anchors, and the history of all of them. No torch."""

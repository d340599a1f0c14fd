"""What a session knows: bytes, objects, drafts, anchors and the history of all of them. No torch."""

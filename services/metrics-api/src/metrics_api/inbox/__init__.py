"""What tools send in their own form: stored as it comes, processed a moment later.

A *receipt* is one delivery; it is pending until a job has read it by the source's settings, and
then processed, ignored or failed, with what became of it. All can be replayed once the settings are
right: the new reading supersedes the one before (`readings/`).
"""

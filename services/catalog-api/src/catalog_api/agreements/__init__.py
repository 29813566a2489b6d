"""Agreements: who promised what to whom, under which hours, with two signatures over the text.

A *version* is one text with its state; its *targets* are SMART, its *guarantees* say what a breach
costs. *Signatures* stand under the hash of the exact text. One version at a time is active.
"""

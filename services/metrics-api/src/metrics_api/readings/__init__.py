"""What receipts say, and which versions of records count no more.

A *reading* is one version that a receipt gave when it was last processed. A version that no receipt
gives any more, and that no one pushed either, is *superseded*: it is kept for ever, and left out
of the fold from then on.
"""

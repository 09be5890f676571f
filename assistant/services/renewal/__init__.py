"""What an upgrade asks to be made anew, in bulk and a little at a time.

These are the indexes of another encoder than today's, and what older readers and splitters made.
"""

"""The servers of language models beside the one of the settings: kept, chosen, and not overrun."""

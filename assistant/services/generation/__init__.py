"""What workers make with a language model: replies with evidence, and analyses."""

"""The web server's worker: limits on what connections cost, whoever opens them."""

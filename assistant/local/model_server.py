"""Serves the bundled language model over HTTP until a signal comes."""

import os
import signal
import sys

# The environment variable that holds the key, since a command line can be read by everybody.
KEY = "MODEL_SERVER_KEY"
ALIAS = "smollm2-135m-instruct"
# What the model was trained on.
LONGEST_CONTEXT = 8192
PARALLEL_REQUESTS = 2
THREADS = 2


def serve(model: str, port: int, context_tokens: int) -> None:
    """Answer on the loopback interface; return after SIGTERM or SIGINT."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.model_alias = {ALIAS}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.api_keys = [os.environ[KEY]]
    # No page in a browser may read what it answers, and there is none of its own.
    parameters.cors_origins = ""
    parameters.cors_origins_explicit = True
    parameters.cors_credentials = False
    parameters.ui = False
    # A window of its own for each request: in a shared one two long requests starve each other.
    parameters.kv_unified = False
    parameters.n_ctx = context_tokens * PARALLEL_REQUESTS
    parameters.n_parallel = PARALLEL_REQUESTS
    parameters.cpuparams.n_threads = THREADS
    parameters.warmup = False
    # So small a model falls into loops; sequences that it wrote already become less likely.
    parameters.sampling.dry_multiplier = 0.8
    signals = {signal.SIGTERM, signal.SIGINT}
    # Before the server's threads start, which inherit the mask: the signal is this thread's.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    server = xllamacpp.Server(parameters)
    print(f"{ALIAS} answers at {server.listening_address}", flush=True)
    signal.sigwait(signals)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

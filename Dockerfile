# One image for every process: its argument is a name in the Procfile, `release`, or any command,
# such as `flask --help`. docs/deployment.md says how to build and run it.

FROM python:3.11-slim-bookworm AS build

# Where pip finds PyTorch's CPU build. Empty, torch brings several GB of CUDA, for a GPU:
# --build-arg PIP_EXTRA_INDEX_URL=
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu

RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt


FROM python:3.11-slim-bookworm

# What recognises the text of scans; more languages are packages such as tesseract-ocr-deu.
ARG OCR_PACKAGES="tesseract-ocr tesseract-ocr-chi-sim"
RUN if [ -n "$OCR_PACKAGES" ]; then \
        apt-get update && apt-get install --yes --no-install-recommends $OCR_PACKAGES \
        && rm -rf /var/lib/apt/lists/*; \
    fi

# The only places where the application may write. A volume mounted here starts with this owner.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin assistant \
    && install -d -o assistant -g assistant /data /data/uploads /data/models

COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE Procfile celeryconfig.py flowerconfig.py wsgi.py ./
COPY migrations migrations
COPY workers workers
COPY assistant assistant
# A checkout may be closed to others; the image's user is one.
RUN chmod -R go=u-w . && python -m compileall -q .

COPY --chmod=755 <<'SCRIPT' /usr/local/bin/process
#!/bin/sh
# Becomes the process of this name in the Procfile; what is not in it is a command.
case "$1" in
    release) exec flask db upgrade ;;
    *[!a-z_]*) exec "$@" ;;
esac
line=$(sed -n "s/^$1: *//p" Procfile)
if [ -z "$line" ]; then exec "$@"; fi
eval "$line"
SCRIPT

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HF_HOME=/data/models \
    HOST=0.0.0.0 \
    FLOWER_ADDRESS=0.0.0.0

USER 10001:10001
EXPOSE 8000 5555
STOPSIGNAL SIGTERM

# For `web`; docker-compose.yml has the checks of the others.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import http.client, os;\
connection = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT', 8000)), timeout=4);\
connection.request('GET', '/health/live');\
raise SystemExit(connection.getresponse().status != 200)"]

ENTRYPOINT ["process"]
CMD ["web"]

# Regulars in a container: not root, on a read-only file system. See docs/app.md.
FROM python:3.13-slim AS installed
WORKDIR /src
COPY requirements.txt pyproject.toml README.md LICENSE ./
COPY src src
# what the package asks for, at the versions that are pinned; nothing of the tests
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -c requirements.txt setuptools wheel \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -c requirements.txt --no-build-isolation .

FROM python:3.13-slim
RUN apt-get update \
    && apt-get install --no-install-recommends --yes libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home regulars \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=installed /venv /venv
WORKDIR /app
COPY dbt_project.yml profiles.yml ./
COPY analyses analyses
COPY docs docs
COPY macros macros
COPY models models
COPY python_models python_models
COPY seeds seeds
COPY tests/generic tests/generic
COPY tests/singular tests/singular
# everything that is written goes to /data (kept) or /tmp (not kept)
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DO_NOT_TRACK=1 \
    DBT_TARGET_PATH=/tmp/target \
    DBT_LOG_PATH=/tmp/logs \
    REGULARS_DB=/data/regulars.duckdb
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/api/v1/health', timeout=4)"]
ENTRYPOINT ["regulars"]
CMD ["serve", "--host", "0.0.0.0"]

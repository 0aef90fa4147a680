# Threedots as a container: nobody's root, nothing written but /data, every package by its hash.
FROM python:3.12-slim AS built
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /opt/threedots
RUN python -m venv /opt/venv
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary :all: -r requirements.lock
COPY . ./
RUN pip install --no-cache-dir --disable-pip-version-check \
    --no-deps --no-build-isolation --editable . \
    && python -m compileall -q .

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin threedots \
    && install -d -o threedots -g threedots -m 0700 /data
COPY --from=built /opt/venv /opt/venv
COPY --from=built /opt/threedots /opt/threedots
# The database and .env are looked for in the working directory.
WORKDIR /data
VOLUME /data
USER 10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["threedots"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]

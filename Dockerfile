# Earshot's own image: the pinned, hash-checked libraries and the four rooms, no compiler, no root.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/earshot
COPY requirements.lock ./
RUN /opt/earshot/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY ingest ingest
COPY transcribe transcribe
COPY insights insights
COPY api api
RUN /opt/earshot/bin/pip install --no-cache-dir --no-build-isolation --no-deps .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data earshot \
    && install --directory --owner earshot --group earshot --mode 0700 /data
COPY --from=build /opt/earshot /opt/earshot
ENV PATH=/opt/earshot/bin:$PATH EARSHOT_HOME=/data EARSHOT_HOST=0.0.0.0
USER earshot
VOLUME /data
EXPOSE 8321
ENTRYPOINT ["earshot"]
CMD ["api"]

# quantrac as one image; what of it runs is said by the command (`run`, `run ingest`, `setup-influx` …).

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/quantrac
ENV PATH=/opt/quantrac/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Libraries first, so that a change of the code does not install them again.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
print('\n'.join(p['dependencies'] + p['optional-dependencies']['postgresql']))" > libraries.txt \
 && pip install --constraint constraints.txt --requirement libraries.txt
COPY . .
RUN pip install --no-deps .

FROM python:3.11-slim-bookworm
# For reports as PDF: Pango lays out the text, Noto has the letters of Vietnamese.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core \
 && rm -rf /var/lib/apt/lists/*
# Known to docker-compose.yml: it gives this user the service's token.
RUN useradd --system --uid 10001 --home-dir /var/lib/quantrac --shell /usr/sbin/nologin quantrac \
 && install -d -o quantrac -g quantrac /var/lib/quantrac /etc/quantrac/dashboards /etc/quantrac/tokens
COPY --from=build /opt/quantrac /opt/quantrac
COPY config /etc/quantrac/config
ENV PATH=/opt/quantrac/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    QUANTRAC_CONFIG=/etc/quantrac/config \
    QUANTRAC_DATA=/var/lib/quantrac \
    QUANTRAC_PUBLIC_BIND=0.0.0.0:8080 \
    QUANTRAC_STAFF_BIND=0.0.0.0:8081
USER quantrac
WORKDIR /var/lib/quantrac
VOLUME /var/lib/quantrac
EXPOSE 8080 8081
ENTRYPOINT ["quantrac"]
CMD ["run"]

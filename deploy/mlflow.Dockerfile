# The MLflow server with this package and a driver for PostgreSQL. What it is started with stands in compose.yaml.
ARG PYTHON=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ARG MLFLOW=3.17.2
RUN python3 -m venv /opt/hub
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY hub ./hub
COPY evaluators ./evaluators
RUN /opt/hub/bin/pip install --no-cache-dir "mlflow==${MLFLOW}" ".[server]"

FROM ${PYTHON}
COPY --from=build /opt/hub /opt/hub
# A new volume takes its owner from this folder.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hub && install -d -o hub -g hub /artifacts
ENV PATH=/opt/hub/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001:10001
EXPOSE 5000

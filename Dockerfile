# Screens radiographs as a user without rights, without a network, on a read-only disk:
#
#     docker build --tag pneumoscope .
#     docker run --rm --network none --read-only --volume "$PWD/films:/films:ro" pneumoscope screen /films --json
#
# To write files, give a folder and its owner:
#
#     docker run --rm --network none --read-only --user "$(id -u):$(id -g)" \
#         --volume "$PWD/films:/films:ro" --volume "$PWD/out:/out" pneumoscope screen /films --html /out/results.html

FROM python:3.11-slim AS build
ARG EXTRAS=dicom
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src ./src
RUN python -m venv /opt/pneumoscope \
    && /opt/pneumoscope/bin/pip install --no-cache-dir --constraint constraints.txt ".[${EXTRAS}]" \
    && /opt/pneumoscope/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim
COPY --from=build /opt/pneumoscope /opt/pneumoscope
ENV PATH=/opt/pneumoscope/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /films
ENTRYPOINT ["pneumoscope"]
CMD ["--help"]

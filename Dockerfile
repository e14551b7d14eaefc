# The simulated platform: docker build --tag alink-sim . && docker run --rm -p 1883:1883 -p 8883:8883 alink-sim
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY firmware firmware
COPY boards boards
COPY host_sim host_sim
COPY tools tools
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.12-slim
COPY --from=build /wheel /wheel
RUN pip install --no-cache-dir "$(ls /wheel/*.whl)[sim,console]" \
    && useradd --create-home alink \
    && install --directory --owner alink /state
USER alink
VOLUME /state
EXPOSE 1883 8883
ENTRYPOINT ["alink-sim"]
CMD ["platform", "--state", "/state", "--host", "0.0.0.0", "--mqtt-port", "1883", "--mqtt-tls-port", "8883"]

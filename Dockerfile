# The verbs in an image: docker build -t mist . && docker run --rm -v "$PWD:/work" mist run spec.yaml
FROM node:22-slim AS build
WORKDIR /mist
COPY . .
RUN npm ci && npm pack --ignore-scripts --pack-destination /tmp

FROM node:22-slim
COPY --from=build /tmp/mist-*.tgz /tmp/
RUN npm install --global --no-audit --no-fund /tmp/mist-*.tgz && rm /tmp/mist-*.tgz
WORKDIR /work
USER node
ENTRYPOINT ["mist"]

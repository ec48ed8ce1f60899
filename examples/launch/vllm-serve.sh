#!/bin/sh
# One vLLM server in a container.  mist spec --from-command examples/launch/vllm-serve.sh --hardware h100-sxm-80gb
MODEL=meta-llama/Llama-3.1-70B-Instruct
docker run --runtime nvidia --gpus '"device=0,1,2,3"' --ipc=host -p 8000:8000 \
  -v ~/.cache/huggingface:/root/.cache/huggingface \
  vllm/vllm-openai:v0.11.0 --model $MODEL -tp 4 --max-model-len 32k \
  --max-num-seqs=128 --max-num-batched-tokens 4096 --kv-cache-dtype fp8 --quantization fp8 \
  --no-enable-prefix-caching --enforce-eager --served-model-name llama

#!/bin/sh
# gpt-oss on TensorRT-LLM, whose options are a file.
# mist spec --from-command examples/launch/trtllm-serve.sh --hardware h200-sxm-141gb
cat > options.yaml <<'YAML'
kv_cache_config: {dtype: fp8, enable_block_reuse: false}
cuda_graph_config: {enable_padding: true, max_batch_size: 512}
enable_chunked_prefill: true
YAML
mpirun -n 2 trtllm-llmapi-launch trtllm-serve openai/gpt-oss-120b --tp_size 2 --ep_size 2 \
  --max_batch_size 512 --max_num_tokens 16384 --kv_cache_free_gpu_memory_fraction 0.85 \
  --extra_llm_api_options options.yaml --port 8000

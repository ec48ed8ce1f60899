#!/bin/sh
# DeepSeek-R1 on SGLang: attention repeated, experts apart, drafts by the model's own layer.
# mist spec --from-command examples/launch/sglang-server.sh --hardware h200-sxm-141gb --acceptance 0.8,0.6,0.4
export SGLANG_ENABLE_SPEC_V2=1
python3 -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 \
  --tp 8 --dp 8 --enable-dp-attention --ep-size 8 --max-running-requests 1024 --chunked-prefill-size 32768 \
  --mem-fraction-static 0.82 --speculative-algorithm EAGLE --speculative-num-steps 3 --speculative-eagle-topk 1 \
  --speculative-num-draft-tokens 4 --attention-backend flashinfer > server.log 2>&1 &

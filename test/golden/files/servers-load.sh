#!/bin/sh
# The load, by the benchmark of vLLM or by AIPerf:
# the load is that of the model servers: other stages are not asked
vllm bench serve \
  --backend openai \
  --base-url http://localhost:8000 \
  --model meta-llama/Llama-3.2-3B \
  --dataset-name timed_trace \
  --dataset-path load.jsonl \
  --num-prompts 20 \
  --seed 0 \
  --ignore-eos \
  --percentile-metrics ttft,tpot,itl,e2el \
  --metric-percentiles 50,90,95,99 \
  --goodput ttft:1000 tpot:50 \
  --save-result

aiperf profile \
  --model meta-llama/Llama-3.2-3B \
  --url http://localhost:8000 \
  --endpoint-type completions \
  --streaming \
  --input-file load.jsonl \
  --custom-dataset-type mooncake_trace \
  --fixed-schedule \
  --request-count 20 \
  --random-seed 0 \
  --extra-inputs ignore_eos:true

"""KServe's own clients, calling one model again and again: prints how many calls, exits 1 on the first that fails.

Usage: python kserve_infer.py rest|grpc URL|HOST:PORT SECONDS
"""

import asyncio
import sys
import time

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

FLOWERS = np.array([[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]], dtype=np.float32)


def request():
    tensor = InferInput("input-0", [2, 4], "FP32")
    tensor.set_data_from_numpy(FLOWERS, binary_data=False)
    return InferRequest(model_name="sklearn-irisv2", infer_inputs=[tensor], request_id="42")


async def main(protocol, target, seconds):
    rest = InferenceRESTClient(RESTConfig(protocol="v2", retries=0)) if protocol == "rest" else None
    grpc = None if rest else InferenceGRPCClient(url=target, timeout=30)
    end = time.monotonic() + seconds
    calls = 0
    while time.monotonic() < end:
        response = await (rest.infer(target, request(), "sklearn-irisv2") if rest else grpc.infer(request()))
        found = [int(each) for each in response.outputs[0].as_numpy().ravel()]
        if (response.id, found) != ("42", [1, 1]):
            sys.exit(f"call {calls}: {response.id} {found}")
        calls += 1
        await asyncio.sleep(0.2)
    print(calls)


asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))

"""What KServe's own clients get from a server: one JSON line for each call.

Usage: python kserve_clients.py REST_URL GRPC_HOST:PORT [HEADER=VALUE ...]
"""

import asyncio
import json
import sys

import grpc
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as stubs

FLOWERS = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]
rest_url, grpc_target = sys.argv[1:3]
headers = dict(each.split("=", 1) for each in sys.argv[3:])


def infer_request(binary):
    tensor = InferInput("input-0", [2, 4], "FP32")
    tensor.set_data_from_numpy(np.array(FLOWERS, dtype=np.float32), binary_data=binary)
    return InferRequest(model_name="sklearn-irisv2", infer_inputs=[tensor], request_id="42")


async def show(name, call):
    try:
        print(json.dumps([name, await call]), flush=True)
    except grpc.RpcError as error:
        print(json.dumps([name, f"{error.code().name}: {error.details()}"]), flush=True)
    except Exception as error:  # the test reads which
        print(json.dumps([name, f"{type(error).__name__}: {error}"]), flush=True)


async def classes(response):
    answered = await response
    return [answered.id, [int(each) for each in answered.outputs[0].as_numpy()]]


async def rest():
    v1 = InferenceRESTClient(RESTConfig(protocol="v1", retries=1))
    v2 = InferenceRESTClient(RESTConfig(protocol="v2", retries=1))
    at = lambda: dict(headers)  # the client writes into the dictionary it is given
    await show("v1 ready", v1.is_model_ready(rest_url, "sklearn-iris", headers=at()))
    await show("v1 predict", v1.infer(rest_url, {"instances": FLOWERS}, "sklearn-iris", headers=at()))
    await show("v1 unknown", v1.infer(rest_url, {"instances": FLOWERS}, "nope", headers=at()))
    await show("v2 live", v2.is_server_live(rest_url, headers=at()))
    await show("v2 ready", v2.is_server_ready(rest_url, headers=at()))
    await show("v2 model ready", v2.is_model_ready(rest_url, "sklearn-irisv2", headers=at()))
    await show("v2 json", classes(v2.infer(rest_url, infer_request(False), "sklearn-irisv2", headers=at())))
    await show("v2 binary", classes(v2.infer(rest_url, infer_request(True), "sklearn-irisv2", headers=at())))


async def over_grpc():
    client = InferenceGRPCClient(url=grpc_target, timeout=10)
    await show("grpc live", client.is_server_live())
    await show("grpc ready", client.is_server_ready())
    await show("grpc model ready", client.is_model_ready("sklearn-irisv2"))
    await show("grpc infer", classes(client.infer(infer_request(False))))
    await show("grpc infer raw", classes(client.infer(infer_request(True))))
    await client.close()

    async with grpc.aio.insecure_channel(grpc_target) as channel:
        stub = stubs.GRPCInferenceServiceStub(channel)
        tensor = pb.ModelInferRequest.InferInputTensor(
            name="i", datatype="FP32", shape=[1, 4], contents=pb.InferTensorContents(fp32_contents=[1, 2, 3, 4])
        )

        def request(**fields):
            return stub.ModelInfer(pb.ModelInferRequest(**{"model_name": "sklearn-iris", "inputs": [tensor], **fields}))

        async def text(call):
            return str(await call)

        await show("grpc metadata", text(stub.ServerMetadata(pb.ServerMetadataRequest())))
        await show("grpc model metadata", text(stub.ModelMetadata(pb.ModelMetadataRequest(name="sklearn-iris"))))
        await show("grpc unknown metadata", text(stub.ModelMetadata(pb.ModelMetadataRequest(name="nope"))))
        await show("grpc unknown model", text(request(model_name="nope")))
        await show("grpc no input", text(request(inputs=[])))
        await show("grpc both contents", text(request(raw_input_contents=[b"1234"])))
        await show("grpc too many raw", text(request(raw_input_contents=[b"", b""])))
        await show("grpc unload unknown", text(stub.RepositoryModelUnload(pb.RepositoryModelUnloadRequest(model_name="nope"))))
        await show("grpc unknown method", channel.unary_unary("/inference.GRPCInferenceService/Nope")(b""))


async def main():
    if rest_url != "-":
        await rest()
    if grpc_target != "-":
        await over_grpc()


asyncio.run(main())

"""A KServe model server with two Iris models, for `kfdoor up --upstream HOST=URL`.

Usage: python iris_server.py HTTP_PORT GRPC_PORT

The models decide by petal size alone, which needs neither scikit-learn nor a stored model. What is
real here is everything around them: KServe's own server, its routes, its errors, its codecs.
"""

import sys

import numpy as np
from kserve import InferOutput, InferResponse, Model, ModelServer
from kserve.utils.utils import generate_uuid


def check(rows):
    """Refuses what is no table of flowers, in the words of scikit-learn."""
    if rows.ndim != 2:
        raise ValueError(f"Expected 2D array, got {f'{rows.ndim}D' if rows.ndim else 'scalar'} array instead.")
    if rows.shape[0] == 0:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={rows.shape}) while a minimum of 1 is required by LogisticRegression."
        )
    if rows.shape[1] != 4:
        raise ValueError(
            f"X has {rows.shape[1]} features, but LogisticRegression is expecting 4 features as input."
        )
    if not np.isfinite(rows).all():
        raise ValueError("Input X contains NaN or infinity.")


class Iris(Model):
    """Three classes by petal length and width, in centimetres, as a depth-2 decision tree finds them."""

    def __init__(self, name):
        super().__init__(name)
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        rows = payload["instances"] if isinstance(payload, (dict, bytes)) else payload.inputs[0].as_numpy()
        rows = np.asarray(rows, dtype=np.float64)
        check(rows)
        classes = np.where(rows[:, 2] < 2.45, 0, np.where(rows[:, 3] < 1.75, 1, 2)).astype(np.int32)
        if isinstance(payload, dict):
            return {"predictions": classes.tolist()}
        output = InferOutput(name="output-0", shape=list(classes.shape), datatype="INT32")
        output.set_data_from_numpy(classes, binary_data=payload.use_binary_outputs)
        return InferResponse(
            model_name=self.name,
            infer_outputs=[output],
            response_id=payload.id or generate_uuid(),
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )

    def get_input_types(self):
        return [{"name": "input-0", "datatype": "FP32", "shape": [-1, 4]}]

    def get_output_types(self):
        return [{"name": "output-0", "datatype": "INT32", "shape": [-1]}]


if __name__ == "__main__":
    http_port, grpc_port = (int(each) for each in sys.argv[1:3])
    ModelServer(http_port=http_port, grpc_port=grpc_port, workers=1).start(
        [Iris("sklearn-iris"), Iris("sklearn-irisv2")]
    )

"""The kfp SDK through a door with a session cookie and the door's own CA, all from the environment."""

import os

import kfp

client = kfp.Client(
    host=os.environ["TOUR_HOST"],
    cookies=os.environ["TOUR_COOKIES"],
    ssl_ca_cert=os.environ["TOUR_CA"] or None,
    namespace="kubeflow",
)
health = client.get_kfp_healthz()
print(health if isinstance(health, dict) else health.to_dict())

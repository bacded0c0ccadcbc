package main

import (
	"encoding/json"
	"strings"

	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
)

// Verdict is what the admission webhook says; the CRD's own schema is not applied.
type Verdict struct {
	Valid   bool   `json:"valid"`
	Message string `json:"message,omitempty"`
	// The resource is none of Istio's.
	Unknown bool `json:"unknown,omitempty"`
}

func validate(text string) Verdict {
	var raw json.RawMessage
	if err := kubeyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 512*1024).Decode(&raw); err != nil {
		return Verdict{Message: err.Error()}
	}
	object := crd.IstioKind{}
	if err := json.Unmarshal(raw, &object); err != nil {
		return Verdict{Message: err.Error()}
	}
	kind := object.GroupVersionKind()
	schema, known := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&kind))
	if !known {
		return Verdict{Unknown: true}
	}
	converted, err := crd.ConvertObject(schema, &object, "cluster.local")
	if err != nil {
		return Verdict{Message: err.Error()}
	}
	if _, err := schema.ValidateConfig(*converted); err != nil {
		return Verdict{Message: err.Error()}
	}
	return Verdict{Valid: true}
}

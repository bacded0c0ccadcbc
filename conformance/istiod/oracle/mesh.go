package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"

	meshconfig "istio.io/api/mesh/v1alpha1"
	security "istio.io/api/security/v1beta1"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/config/schema/resource"
	kubelib "istio.io/istio/pkg/kube"
)

// Mesh is what lies in the fake API server.
type Mesh struct {
	config  *meshconfig.MeshConfig
	istio   []config.Config
	objects []runtime.Object
	ignored []string
}

// An API server stamps objects; those of a file without a stamp are all as old.
var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func readMesh(text string, fetched map[string]string) (*Mesh, error) {
	out := &Mesh{config: mesh.DefaultMeshConfig()}
	decoder := kubeyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 512*1024)
	for number := 0; ; number++ {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		if err := out.take(raw, number, fetched); err != nil {
			return nil, err
		}
	}
}

func (m *Mesh) take(raw json.RawMessage, number int, fetched map[string]string) error {
	object := crd.IstioKind{}
	if err := json.Unmarshal(raw, &object); err != nil {
		return err
	}
	if object.CreationTimestamp.IsZero() {
		object.CreationTimestamp = metav1.NewTime(created)
	}
	kind := object.GroupVersionKind()
	if strings.HasSuffix(kind.Group, "istio.io") {
		schema, known := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&kind))
		if !known {
			m.ignored = append(m.ignored, kind.String())
			return nil
		}
		if object.Namespace == "" {
			object.Namespace = metav1.NamespaceDefault
		}
		converted, err := crd.ConvertObject(schema, &object, "cluster.local")
		if err != nil {
			return fmt.Errorf("%s %s/%s: %w", kind.Kind, object.Namespace, object.Name, err)
		}
		if rules, is := converted.Spec.(*security.RequestAuthentication); is {
			inlineKeys(rules, fetched)
		}
		m.istio = append(m.istio, *converted)
		return nil
	}
	typed, err := decode(raw, kind.Group, kind.Kind)
	if err != nil {
		m.ignored = append(m.ignored, kind.String()+": "+err.Error())
		return nil
	}
	accessor, is := typed.(metav1.ObjectMetaAccessor)
	if !is {
		return nil
	}
	meta := accessor.GetObjectMeta()
	if meta.GetCreationTimestamp().Time.IsZero() {
		meta.SetCreationTimestamp(metav1.NewTime(created))
	}
	if meta.GetNamespace() == "" && !clusterScoped[kind.Kind] {
		meta.SetNamespace(metav1.NamespaceDefault)
	}
	meta.SetUID("")
	if found, is := typed.(*corev1.ConfigMap); is && found.Name == "istio" && found.Namespace == "istio-system" {
		m.config, err = mesh.ApplyMeshConfigDefaults(found.Data["mesh"])
		if err != nil {
			return err
		}
	}
	withDefaults(typed, number)
	m.objects = append(m.objects, typed)
	return nil
}

var clusterScoped = map[string]bool{
	"Namespace": true, "GatewayClass": true, "Node": true, "ClusterRole": true, "ClusterRoleBinding": true,
	"CustomResourceDefinition": true, "IngressClass": true,
}

// decode reads an object of Kubernetes or of the Gateway API, the latter in the version istiod reads.
func decode(raw json.RawMessage, group, kind string) (runtime.Object, error) {
	if group == "gateway.networking.k8s.io" {
		var loose map[string]any
		if err := json.Unmarshal(raw, &loose); err != nil {
			return nil, err
		}
		for _, each := range []config.GroupVersionKind{
			gvk.KubernetesGateway, gvk.HTTPRoute, gvk.ReferenceGrant, gvk.GatewayClass,
			gvk.GRPCRoute, gvk.TLSRoute, gvk.TCPRoute,
		} {
			if each.Kind == kind {
				loose["apiVersion"] = each.Group + "/" + each.Version
			}
		}
		raw, _ = json.Marshal(loose)
	}
	object, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode(raw, nil, nil)
	return object, err
}

// inlineKeys is the fetching of keys, which istiod does while it pushes.
func inlineKeys(rules *security.RequestAuthentication, fetched map[string]string) {
	for _, rule := range rules.JwtRules {
		if rule.Jwks != "" {
			continue
		}
		uri := rule.JwksUri
		if uri == "" {
			var discovery struct {
				URI string `json:"jwks_uri"`
			}
			document := fetched[strings.TrimSuffix(rule.Issuer, "/")+"/.well-known/openid-configuration"]
			_ = json.Unmarshal([]byte(document), &discovery)
			uri = discovery.URI
		}
		if keys, there := fetched[uri]; there && uri != "" {
			rule.Jwks = keys
		} else {
			rule.Jwks = model.PublicOnlyJwks
		}
	}
}

// withDefaults is what an API server fills in and istiod relies on.
func withDefaults(object runtime.Object, number int) {
	switch object := object.(type) {
	case *corev1.Service:
		for at := range object.Spec.Ports {
			port := &object.Spec.Ports[at]
			if port.Protocol == "" {
				port.Protocol = corev1.ProtocolTCP
			}
			if port.TargetPort == (intstr.IntOrString{}) {
				port.TargetPort = intstr.FromInt32(port.Port)
			}
		}
		if object.Spec.Type == "" {
			object.Spec.Type = corev1.ServiceTypeClusterIP
		}
		if object.Spec.ClusterIP == "" && object.Spec.Type != corev1.ServiceTypeExternalName {
			object.Spec.ClusterIP = fmt.Sprintf("10.96.%d.%d", number>>8, number&255)
		}
	case *corev1.Secret:
		for key, value := range object.StringData {
			if object.Data == nil {
				object.Data = map[string][]byte{}
			}
			object.Data[key] = []byte(value)
		}
		object.StringData = nil
	case *corev1.Pod:
		object.Status.Phase = corev1.PodRunning
	default:
		withGatewayDefaults(object)
	}
}

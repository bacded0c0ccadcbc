package main

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	// So that every message istiod can send is known by name.
	_ "istio.io/istio/pkg/config/xds"
	"istio.io/istio/pkg/util/protomarshal"
)

// Proxy is a pod's sidecar, or a gateway.
type Proxy struct {
	Kind           string            `json:"kind,omitempty"`
	Namespace      string            `json:"namespace"`
	Labels         map[string]string `json:"labels"`
	ServiceAccount string            `json:"serviceAccount"`
}

// Pushed is what the proxy gets, as protobuf's JSON.
type Pushed struct {
	Listeners []json.RawMessage `json:"listeners"`
	Routes    []json.RawMessage `json:"routes"`
	Clusters  []json.RawMessage `json:"clusters"`
}

const (
	podName    = "asked-for"
	podAddress = "10.20.0.1"
	// The version the module becomes; EnvoyFilters may ask for it.
	version = "1.31.0"
)

func push(mesh *Mesh, asked Proxy) (Pushed, error) {
	var out Pushed
	err := guarded(func(f *failer) {
		server := xds.NewFakeDiscoveryServer(f, xds.FakeOptions{
			Configs:                    mesh.istio,
			KubernetesObjects:          append(mesh.objects[:len(mesh.objects):len(mesh.objects)], podOf(mesh, asked)),
			MeshConfig:                 mesh.config,
			DisableSecretAuthorization: true,
		})
		proxy := server.SetupProxy(proxyOf(mesh, asked))
		listeners := server.Listeners(proxy)
		for _, each := range listeners {
			out.Listeners = append(out.Listeners, text(f, each))
		}
		for _, each := range server.RoutesFromListeners(proxy, listeners) {
			out.Routes = append(out.Routes, text(f, each))
		}
		for _, each := range server.Clusters(proxy) {
			out.Clusters = append(out.Clusters, text(f, each))
		}
	})
	return out, err
}

func proxyOf(mesh *Mesh, asked Proxy) *model.Proxy {
	kind := model.SidecarProxy
	if asked.Kind == "gateway" {
		kind = model.Router
	}
	return &model.Proxy{
		Type:            kind,
		ID:              podName + "." + asked.Namespace,
		ConfigNamespace: asked.Namespace,
		IPAddresses:     []string{podAddress},
		Labels:          asked.Labels,
		DNSDomain:       asked.Namespace + ".svc.cluster.local",
		Metadata: &model.NodeMetadata{
			Namespace:      asked.Namespace,
			Labels:         asked.Labels,
			ServiceAccount: asked.ServiceAccount,
			ClusterID:      "Kubernetes",
			IstioVersion:   version,
			ProxyConfig:    (*model.NodeMetaProxyConfig)(mesh.config.DefaultConfig),
		},
	}
}

// podOf is the pod around the proxy, with the containers of what the mesh says it belongs to.
func podOf(mesh *Mesh, asked Proxy) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: podName, Namespace: asked.Namespace, Labels: asked.Labels},
		Spec:       corev1.PodSpec{ServiceAccountName: asked.ServiceAccount, Containers: containersOf(mesh, asked)},
		Status: corev1.PodStatus{
			PodIP:  podAddress,
			PodIPs: []corev1.PodIP{{IP: podAddress}},
			Phase:  corev1.PodRunning,
		},
	}
}

func containersOf(mesh *Mesh, asked Proxy) []corev1.Container {
	for _, object := range mesh.objects {
		namespace, pod := templateOf(object)
		if pod == nil || namespace != asked.Namespace || len(pod.Labels) == 0 {
			continue
		}
		if labels.SelectorFromSet(pod.Labels).Matches(labels.Set(asked.Labels)) {
			return pod.Spec.Containers
		}
	}
	return nil
}

func templateOf(object runtime.Object) (string, *corev1.PodTemplateSpec) {
	switch object := object.(type) {
	case *appsv1.Deployment:
		return object.Namespace, &object.Spec.Template
	case *appsv1.StatefulSet:
		return object.Namespace, &object.Spec.Template
	case *corev1.Pod:
		return object.Namespace, &corev1.PodTemplateSpec{ObjectMeta: object.ObjectMeta, Spec: object.Spec}
	}
	return "", nil
}

func text(f *failer, message proto.Message) json.RawMessage {
	out, err := protomarshal.Marshal(message)
	if err != nil {
		f.Fatal(err)
	}
	return out
}

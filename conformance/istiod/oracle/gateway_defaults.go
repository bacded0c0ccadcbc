package main

import (
	"k8s.io/apimachinery/pkg/runtime"
	gateway "sigs.k8s.io/gateway-api/apis/v1"
)

// withGatewayDefaults is what the schemas of the Gateway API's CRDs fill in.
func withGatewayDefaults(object runtime.Object) {
	switch object := object.(type) {
	case *gateway.Gateway:
		for at := range object.Spec.Listeners {
			listener := &object.Spec.Listeners[at]
			if listener.AllowedRoutes == nil {
				listener.AllowedRoutes = &gateway.AllowedRoutes{}
			}
			if listener.AllowedRoutes.Namespaces == nil {
				listener.AllowedRoutes.Namespaces = &gateway.RouteNamespaces{}
			}
			or(&listener.AllowedRoutes.Namespaces.From, gateway.NamespacesFromSame)
			if listener.TLS != nil {
				or(&listener.TLS.Mode, gateway.TLSModeTerminate)
				for ref := range listener.TLS.CertificateRefs {
					or(&listener.TLS.CertificateRefs[ref].Group, "")
					or(&listener.TLS.CertificateRefs[ref].Kind, "Secret")
				}
			}
		}
	case *gateway.HTTPRoute:
		parents(object.Spec.ParentRefs)
		if len(object.Spec.Rules) == 0 {
			object.Spec.Rules = []gateway.HTTPRouteRule{{}}
		}
		for at := range object.Spec.Rules {
			httpRule(&object.Spec.Rules[at])
		}
	case *gateway.TLSRoute:
		parents(object.Spec.ParentRefs)
		for _, rule := range object.Spec.Rules {
			backends(rule.BackendRefs)
		}
	case *gateway.TCPRoute:
		parents(object.Spec.ParentRefs)
		for _, rule := range object.Spec.Rules {
			backends(rule.BackendRefs)
		}
	}
}

func or[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

func parents(refs []gateway.ParentReference) {
	for at := range refs {
		or(&refs[at].Group, gateway.GroupName)
		or(&refs[at].Kind, "Gateway")
	}
}

func backends(refs []gateway.BackendRef) {
	for at := range refs {
		backend(&refs[at])
	}
}

func backend(ref *gateway.BackendRef) {
	or(&ref.Group, "")
	or(&ref.Kind, "Service")
	or(&ref.Weight, 1)
}

func httpRule(rule *gateway.HTTPRouteRule) {
	if len(rule.Matches) == 0 {
		rule.Matches = []gateway.HTTPRouteMatch{{}}
	}
	for at := range rule.Matches {
		match := &rule.Matches[at]
		if match.Path == nil {
			match.Path = &gateway.HTTPPathMatch{}
		}
		or(&match.Path.Type, gateway.PathMatchPathPrefix)
		or(&match.Path.Value, "/")
		for each := range match.Headers {
			or(&match.Headers[each].Type, gateway.HeaderMatchExact)
		}
		for each := range match.QueryParams {
			or(&match.QueryParams[each].Type, gateway.QueryParamMatchExact)
		}
	}
	for at := range rule.BackendRefs {
		backend(&rule.BackendRefs[at].BackendRef)
		filters(rule.BackendRefs[at].Filters)
	}
	filters(rule.Filters)
}

func filters(list []gateway.HTTPRouteFilter) {
	for at := range list {
		if redirect := list[at].RequestRedirect; redirect != nil {
			or(&redirect.StatusCode, 302)
		}
		if mirror := list[at].RequestMirror; mirror != nil {
			or(&mirror.BackendRef.Group, "")
			or(&mirror.BackendRef.Kind, "Service")
		}
		if cors := list[at].CORS; cors != nil && cors.MaxAge == 0 {
			cors.MaxAge = 5
		}
	}
}

//go:build tools

// Package tools names the programs that e2e/parts/manifests.ts builds.
package tools

import (
	_ "helm.sh/helm/v3/cmd/helm"
	_ "sigs.k8s.io/kustomize/kustomize/v5"
)

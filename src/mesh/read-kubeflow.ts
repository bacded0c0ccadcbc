import type { Fields } from './fields.ts'
import type { InferenceService, Meta, Profile } from './model.ts'
import { plain } from './tree.ts'

/** kubeflow.org Profile: who owns the namespace of the same name. */
export function readProfile(meta: Meta, spec: Fields | undefined): Profile {
  const owner = spec?.fields('owner')
  return {
    ...meta,
    kind: 'Profile',
    owner: { kind: owner?.string('kind') ?? '', name: owner?.string('name') ?? '' },
  }
}

/** serving.kserve.io InferenceService: its model's format and protocol, the rest as written. */
export function readInferenceService(meta: Meta, object: Fields): InferenceService {
  const predictor = object.fields('spec')?.fields('predictor')
  const model = predictor?.fields('model')
  // Before `model` there was one field per framework.
  const old = [
    'sklearn',
    'xgboost',
    'tensorflow',
    'pytorch',
    'triton',
    'onnx',
    'lightgbm',
    'pmml',
    'paddle',
  ].find((name) => predictor?.has(name))
  return {
    ...meta,
    kind: 'InferenceService',
    modelFormat: model?.fields('modelFormat')?.string('name') ?? old,
    protocolVersion:
      model?.string('protocolVersion') ?? (old && predictor?.fields(old)?.string('protocolVersion')),
    raw: plain(object.node),
  }
}

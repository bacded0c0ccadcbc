/** What the upload endpoints say at each step that can fail, by release (pipeline_upload_server.go). */
import type { Traits } from './release.ts'

export type Step = 'form' | 'file' | 'pipelineId' | 'namespace' | 'access' | 'store' | 'taken'
export type Target = 'pipeline' | 'version'

type Words = { readonly [S in Step]: string }
const all = (text: string): Words => ({
  form: text,
  file: text,
  pipelineId: text,
  namespace: text,
  access: text,
  store: text,
  taken: text,
})

const both = 'Failed to create a pipeline and a pipeline version'
const one = 'Failed to create a pipeline version'

const words: { readonly [U in Traits['uploads']]: { readonly [T in Target]: Words } } = {
  quiet: {
    pipeline: {
      ...all('Failed to create a pipeline'),
      form: 'Failed to read pipeline from file',
      file: 'Failed to read a pipeline spec file',
      store: both,
      taken: both,
    },
    version: all(one),
  },
  long: {
    pipeline: {
      ...all(both),
      form: 'Failed to read pipeline from file',
      file: 'Failed to read a pipeline spec file',
      access: 'Failed to create a pipeline due to authorization error',
      taken: `${both}. The pipeline already exists.`,
    },
    version: {
      form: `${one} due to error parsing pipeline spec filename`,
      file: `${one} due to error reading pipeline spec file`,
      pipelineId: `${one} due to error reading pipeline id`,
      namespace: `${one} due to error reading namespace`,
      access: `${one} due to authorization error`,
      store: one,
      taken: `${one}. The pipeline already exists.`,
    },
  },
  old: {
    pipeline: {
      ...all('Error creating pipeline'),
      form: 'Failed to read pipeline from file',
      file: 'Error read pipeline file.',
      access: 'Authorization to namespace failed.',
    },
    version: {
      ...all('Error creating pipeline version'),
      form: 'Failed to read pipeline version from file',
      file: 'Error read pipeline version file.',
      namespace: 'Failed to get namespace from pipelineId.',
      access: 'Authorization to namespace failed.',
    },
  },
}

export const uploadWords = (traits: Traits, target: Target, step: Step): string =>
  words[traits.uploads][target][step]

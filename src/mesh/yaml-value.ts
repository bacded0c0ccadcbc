import { parseYaml } from './parse-yaml.ts'
import { plain } from './tree.ts'

/** A YAML text that is the value of something else, as plain data; undefined = it is none. */
export function yamlValue(text: string): unknown {
  const problems: Parameters<typeof parseYaml>[1] = []
  const trees = [...parseYaml({ file: '', text }, problems)]
  const [tree] = trees
  return problems.length > 0 || trees.length > 1 || tree === undefined ? undefined : plain(tree)
}

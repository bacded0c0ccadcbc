/** The code editor: a chunk of its own, loaded when YAML is shown for the first time. */
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint'
import { EditorState, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { basicSetup } from 'codemirror'

export interface Lit {
  /** From 1, the first of an object's deciding lines. */
  readonly line: number
  readonly kind: 'decides' | 'step'
}

export interface Marked {
  readonly line: number
  readonly severity: 'error' | 'warning'
  readonly message: string
}

const light = StateEffect.define<readonly Lit[]>()

const litLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(lit, transaction) {
    let next = lit.map(transaction.changes)
    for (const effect of transaction.effects) {
      if (!effect.is(light)) continue
      const { doc } = transaction.state
      const marks = [...effect.value]
        .filter(({ line }) => line >= 1 && line <= doc.lines)
        .sort((one, other) => one.line - other.line)
        .map(({ line, kind }) => Decoration.line({ class: `lit-${kind}` }).range(doc.line(line).from))
      next = Decoration.set(marks)
    }
    return next
  },
  provide: (field) => EditorView.decorations.from(field),
})

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12.5px', backgroundColor: 'transparent', color: 'inherit' },
  '.cm-scroller': {
    fontFamily: 'ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace',
    lineHeight: '1.5',
  },
  '.cm-gutters': {
    backgroundColor: 'transparent',
    color: 'var(--dim)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection) !important',
  },
  '.lit-decides': { backgroundColor: 'var(--lit)', boxShadow: 'inset 3px 0 0 var(--accent)' },
  '.lit-step': { backgroundColor: 'var(--hover)', boxShadow: 'inset 3px 0 0 var(--dim)' },
  '.cm-panels, .cm-tooltip': {
    backgroundColor: 'var(--raised)',
    color: 'var(--text)',
    border: '1px solid var(--line)',
  },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--hover)', color: 'var(--dim)', border: '0' },
})

const inks = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--green)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--dim)', fontStyle: 'italic' },
  { tag: [tags.meta, tags.separator, tags.punctuation, tags.squareBracket, tags.brace], color: 'var(--dim)' },
  { tag: [tags.labelName, tags.typeName, tags.keyword], color: 'var(--purple)' },
])

/** What is shown: a file and its text. The label is what a screen reader calls it. */
export interface Shown {
  readonly file: string
  readonly text: string
  readonly label: string
}

export interface EditorEvents {
  /** Somebody typed. It is said of which file: what the page shows next may be another already. */
  changed(file: string, text: string): void
  /** Somebody set the cursor into it. */
  entered(file: string): void
}

/** An editor in a shadow root: its styles are constructed there, which the page's policy allows. */
export class YamlEditor {
  readonly #view: EditorView
  readonly #events: EditorEvents
  #shown: Shown
  #quiet = false

  constructor(host: HTMLElement, shown: Shown, events: EditorEvents) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open', delegatesFocus: true })
    this.#shown = shown
    this.#events = events
    this.#view = new EditorView({ root, parent: root, state: this.#stateOf(shown) })
    // What scrolls has to be reachable without a mouse.
    this.#view.scrollDOM.tabIndex = 0
  }

  #stateOf({ text, label }: Shown): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        basicSetup,
        yaml(),
        syntaxHighlighting(inks),
        lintGutter(),
        litLines,
        look,
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !this.#quiet) {
            this.#events.changed(this.#shown.file, update.state.doc.toString())
          }
        }),
        EditorView.domEventHandlers({ focus: () => this.#events.entered(this.#shown.file) }),
      ],
    })
  }

  /** Another file, or the text of this one as it was read. */
  show(shown: Shown): void {
    const before = this.#shown
    this.#shown = shown
    if (shown.file !== before.file || shown.label !== before.label) {
      // A new state has a new history: Ctrl+Z must not bring one file's text back into another.
      this.#view.setState(this.#stateOf(shown))
      return
    }
    const { doc } = this.#view.state
    if (shown.text === doc.toString()) return
    this.#quiet = true
    this.#view.dispatch({ changes: { from: 0, to: doc.length, insert: shown.text } })
    this.#quiet = false
  }

  /** Lights lines; `reveal` brings one into sight. */
  light(lines: readonly Lit[], reveal: number | undefined): void {
    const { doc } = this.#view.state
    const there = reveal !== undefined && reveal >= 1 && reveal <= doc.lines
    this.#view.dispatch({ effects: light.of(lines) })
    if (!there) return
    // Only within the editor: CodeMirror's own way scrolls the page too. Lines are measured by then.
    this.#view.requestMeasure({
      read: (view) => view.lineBlockAt(doc.line(reveal).from).top,
      write: (top, { scrollDOM }) => {
        scrollDOM.scrollTop = top - scrollDOM.clientHeight / 3
      },
    })
  }

  mark(problems: readonly Marked[]): void {
    const { doc } = this.#view.state
    const diagnostics = problems
      .filter(({ line }) => line >= 1 && line <= doc.lines)
      .slice(0, 200)
      .map(({ line, severity, message }): Diagnostic => {
        const { from, to } = doc.line(line)
        return { from, to: Math.min(to, from + 400), severity, message }
      })
    this.#view.dispatch(setDiagnostics(this.#view.state, diagnostics))
  }

  close(): void {
    this.#view.destroy()
  }
}

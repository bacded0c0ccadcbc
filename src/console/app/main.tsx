import './trusted.ts'
import './style.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { boot } from './state.ts'
import { applyTheme } from './theme.ts'

applyTheme()
const root = document.getElementById('app')
if (root) render(<App />, root)
void boot()

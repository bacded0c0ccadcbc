/** Who is told where to sign in, and who is shown it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aCheck } from '../testing/browser.ts'
import { isApiCaller } from './api-errors.ts'
import { questionOfCheck } from './question.ts'

const page = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const rows: readonly (readonly [
  who: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  isApi: boolean,
])[] = [
  ['a browser', 'GET', '/', { accept: page }, false],
  [
    'a browser that navigates',
    'GET',
    '/pipeline/apis/x',
    { accept: page, 'sec-fetch-mode': 'navigate' },
    false,
  ],
  ['a browser without Fetch Metadata at an API path', 'GET', '/pipeline/apis/x', { accept: page }, false],
  ["a page's script", 'GET', '/', { accept: page, 'sec-fetch-mode': 'cors' }, true],
  ["a page's image", 'GET', '/logo.png', { accept: 'image/avif,*/*', 'sec-fetch-mode': 'no-cors' }, true],
  ["an old browser's script", 'GET', '/', { accept: '*/*', 'x-requested-with': 'XMLHttpRequest' }, true],
  ['curl', 'GET', '/', { accept: '*/*' }, true],
  ['the kfp SDK', 'GET', '/pipeline/apis/v2beta1/runs', { accept: 'application/json' }, true],
  ['whoever sends a token', 'GET', '/', { authorization: 'Bearer x' }, true],
  ['a post of a form', 'POST', '/', { accept: page }, false],
  ['a post of whoever says nothing', 'POST', '/', {}, true],
  ['nothing but a path', 'GET', '/', {}, false],
  ['nothing but an API path', 'GET', '/pipeline/apis/v2beta1/runs', {}, true],
  ['nothing but a model', 'GET', '/v1/models/iris', {}, true],
]
for (const [who, method, path, headers, isApi] of rows)
  test(`${who} is ${isApi ? 'a program' : 'a person'}`, () => {
    const question = questionOfCheck(aCheck({ method, path, headers: Object.entries(headers) }))
    assert.equal(isApiCaller(question), isApi)
  })

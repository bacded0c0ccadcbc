import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { ask } from './prompt.ts'

function aTerminal() {
  const [input, output] = [new PassThrough(), new PassThrough()]
  let shown = ''
  output.on('data', (part: Buffer) => {
    shown += part
  })
  return { input, output, shown: () => shown }
}

test('a question is answered by one line, which is seen', async () => {
  const terminal = aTerminal()
  const answer = ask('User name: ', terminal)
  terminal.input.write('me@example.com\r')
  assert.equal(await answer, 'me@example.com')
  assert.match(terminal.shown(), /^User name: .*me@example\.com/s)
})

test('what answers a hidden question is not seen, and two questions follow one another', async () => {
  const terminal = aTerminal()
  const name = ask('User name: ', terminal)
  terminal.input.write('me\r')
  await name
  const password = ask('Password of me: ', { ...terminal, hidden: true })
  terminal.input.write('correct horse\r')
  assert.equal(await password, 'correct horse')
  assert.doesNotMatch(terminal.shown(), /correct|horse/)
  assert.match(terminal.shown(), /Password of me: \n$/)
})

test('a terminal that is closed without an answer is an error', async () => {
  const terminal = aTerminal()
  const answer = ask('User name: ', terminal)
  terminal.input.end()
  await assert.rejects(answer, /the question was not answered/)
})

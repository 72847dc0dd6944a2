import { describe, expect, it } from 'vitest'
import { sentence } from './sentence.ts'

describe('sentence', () => {
  it.each([
    ['the token expired', 'The token expired.'],
    ['cancelled', 'Cancelled.'],
    ["the server's certificate expired; ask", "The server's certificate expired; ask."],
    ['self-signed certificate', 'Self-signed certificate.'],
    ['localhost:6443 refused the connection', 'localhost:6443 refused the connection.'],
    ['api.example.test:443: it ended', 'api.example.test:443: it ended.'],
    ['"jane" may not list pods', '"jane" may not list pods.'],
    ['aws was not found.', 'aws was not found.'],
    ['', ''],
  ])('makes a whole sentence of: %s', (found, said) => {
    expect(sentence(found)).toBe(said)
  })
})

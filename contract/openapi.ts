import { z } from './zod.ts'
import { errorStatus } from './errors.ts'
import { pathParameters } from './operation.ts'
import { operationNames, operations } from './operations.ts'

type Json = Record<string, unknown>

const errorSchema: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'next'],
      properties: {
        code: { type: 'string', enum: Object.keys(errorStatus) },
        message: { type: 'string' },
        cause: { type: 'string' },
        next: { type: 'string' },
        details: { type: 'object' },
      },
    },
  },
}

/** The OpenAPI 3.1 document of the REST interface, made from the declarations of the operations. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const name of operationNames) {
    const { method, path, summary, permission, input, output } = operations[name]
    const inputSchema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as {
      properties?: Record<string, Json>
      required?: string[]
    }
    const properties = inputSchema.properties ?? {}
    const required = new Set(inputSchema.required ?? [])
    const inPath = pathParameters(path)
    const others = Object.keys(properties).filter((key) => !inPath.includes(key))
    const inQuery = method === 'GET' || method === 'DELETE'
    const parameters = [
      ...inPath.map((key) => ({
        name: key,
        in: 'path',
        required: true,
        schema: properties[key] ?? { type: 'string' },
      })),
      ...(inQuery
        ? others.map((key) => ({ name: key, in: 'query', required: required.has(key), schema: properties[key] }))
        : []),
    ]
    const body = {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(others.map((key) => [key, properties[key]])),
      required: others.filter((key) => required.has(key)),
    }
    const entry = (paths[`/api/v1${path}`] ??= {})
    entry[method.toLowerCase()] = {
      operationId: name,
      summary,
      description: `Needs the permission \`${permission}\`.`,
      parameters,
      ...(inQuery ? {} : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
      responses: {
        '200': {
          description: 'The value',
          content: { 'application/json': { schema: z.toJSONSchema(output, { io: 'output', unrepresentable: 'any' }) } },
        },
        default: { description: 'An error', content: { 'application/json': { schema: errorSchema } } },
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Mooring', version, description: 'Kubernetes port-forwards that never lie and never forget.' },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    security: [{ bearer: [] }],
    paths,
  }
}

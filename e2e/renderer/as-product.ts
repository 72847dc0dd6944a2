/** Builds as for the product: test runners set NODE_ENV, and React would come with its checks for developers. */
export async function asProduct<T>(build: () => Promise<T>): Promise<T> {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    return await build()
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
}

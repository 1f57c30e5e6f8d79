/** The child's side of `Child`: says that it is ready, answers questions, ends when its parent is gone. */

export function answering(ready: unknown, answer: (question: unknown) => unknown = () => null): void {
  process.on('message', (question) => {
    void Promise.resolve(answer(question)).then((result) => process.send?.(result as object))
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.(ready as object)
}

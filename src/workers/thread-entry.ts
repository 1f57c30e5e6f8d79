/** The first file of a worker's thread. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ToWorker, WorkerInit } from './messages.ts'
import { TrafficWorker } from './worker.ts'

const supervisor = parentPort
if (supervisor === null) throw new Error('this file is for a thread that the supervisor starts')
const worker = new TrafficWorker(workerData as WorkerInit, (message) => supervisor.postMessage(message), null)
supervisor.on('message', (message: ToWorker) => worker.handle(message))
void worker.start()

export { createHttp1Face, type Http1Face, type Http1FaceOptions } from './face.ts'
export { type PreparedAnswer, prepareAnswer } from './response-head.ts'
export type { ServedRequest } from './served-request.ts'

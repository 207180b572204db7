export { IMAttrClient } from "./lib/client.js";
export {
    ArgumentError,
    CancelledError,
    ConnectionLostError,
    DeadlineError,
    IMAttrError,
    ProtocolError,
    RefusedError,
    UnreachableError,
} from "./lib/errors.js";

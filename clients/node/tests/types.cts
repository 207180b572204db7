// The same from CommonJS.
import imattr = require("imattr-client");

export async function uses(): Promise<string> {
    try {
        return (await new imattr.IMAttrClient({ socketPath: "/tmp/x" }).getStatus()).state;
    } catch (error) {
        return error instanceof imattr.UnreachableError ? error.path : imattr.version;
    }
}

// Not run: compiled, to see that the declarations say what they should.
import { IMAttrClient, IMAttrError, RefusedError, type GetAttrsResult, type JSONValue } from "imattr-client";

async function* asynchronous(): AsyncGenerator<string> {
    yield "abc";
}

export async function uses(client: IMAttrClient): Promise<JSONValue[]> {
    const { signal } = new AbortController();
    const result: GetAttrsResult = await client.getAttrs(new Set(["abc"]), { timeoutMs: 5, signal });
    const seen: JSONValue[] = [...result.missing];
    for await (const user of client.stream(asynchronous(), { batch: 1, inFlight: 1, maxAgeMs: 0 })) {
        if (user.Attrs === undefined) seen.push(user.To_Account, user.ErrorCode ?? 0);
        else seen.push(user.Attrs);
    }
    const pong: "pong" = await client.ping();
    seen.push(pong, await client.getStatus(), await client.call("getMetrics"));
    client.close();
    return seen;
}

export function judge(error: unknown): number {
    if (error instanceof RefusedError) return error.retryAfterMs ?? error.code;
    if (error instanceof IMAttrError && error.kind === "lost") return error.retryable ? 1 : 0;
    return 0;
}

export function misuses(client: IMAttrClient): void {
    // @ts-expect-error: accounts are strings
    void client.getAttrs([1]);
    // @ts-expect-error: no such option
    void client.getAttrs(["abc"], { timeout: 5 });
    // @ts-expect-error: getAttrs takes what can be read at once
    void client.getAttrs(asynchronous());
    // @ts-expect-error: params are an object or an array
    void client.call("ping", "params");
    // @ts-expect-error: every error is of one of the classes
    new IMAttrError("");
}

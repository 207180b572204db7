// Not run: compiled, to see that the declarations say what they should.
import {
    DeadlineError, IMAttrClient, IMAttrError, RefusedError, version,
    type FailedAccount, type GetAttrsResult, type JSONValue, type Status, type StatusLimiter,
} from "imattr-client";

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
    const status: Status = await client.getStatus();
    const limiter: StatusLimiter | undefined = status.limiter;
    seen.push(pong, status.state, limiter?.rateLimit ?? 0, version, await client.call("getMetrics"));
    const { failed } = await client.getAttrs(["abc"], { partial: true });
    for await (const user of client.stream(["abc"], { partial: true })) {
        if (user.failure !== undefined) seen.push(...[user.failure, ...failed].map(explained));
        else if (user.Attrs !== undefined) seen.push(user.Attrs);
    }
    new IMAttrClient("/tmp/x").close();
    client.close();
    return seen;
}

function explained({ To_Account, code, retryAfterMs }: FailedAccount): string {
    return `${To_Account} ${code} ${retryAfterMs ?? ""}`;
}

export function judge(error: unknown): number {
    if (error instanceof RefusedError) return error.retryAfterMs ?? error.code;
    if (error instanceof DeadlineError) return error.retryAfterMs ?? error.code ?? 0;
    if (error instanceof IMAttrError && error.kind === "lost") return error.retryable ? 1 : 0;
    return 0;
}

export function misuses(client: IMAttrClient): void {
    // @ts-expect-error: accounts are strings
    void client.getAttrs([1]);
    // @ts-expect-error: no such option
    void client.getAttrs(["abc"], { timeout: 5 });
    // @ts-expect-error: no such option
    new IMAttrClient({ path: "/tmp/x" });
    // @ts-expect-error: no such part of the status
    void client.getStatus().then(({ stat }) => stat);
    // @ts-expect-error: without partial there is no such part of the answer
    void client.getAttrs(["abc"]).then(({ failed }) => failed);
    // @ts-expect-error: getAttrs takes what can be read at once
    void client.getAttrs(asynchronous());
    // @ts-expect-error: params are an object or an array
    void client.call("ping", "params");
    // @ts-expect-error: every error is of one of the classes
    new IMAttrError("");
}

import AttributeAPI
import AttributeValues
import CallScheduling
import JSONRPC
import JSONRPCServer
import NIOCore

/// A `getAttrs` whose accounts have not come yet. What is to be done when they have, and when nobody wants them any more, has one memory.
final class WaitingAnswer {
    private let service: AttributeService
    private let driver: CallDriver
    private let key: RequestKey
    private let params: GetAttrs.Params
    private let start: NIODeadline
    private let audit: Audit?
    private let completion: Completion

    init(
        service: AttributeService, driver: CallDriver, key: RequestKey, params: GetAttrs.Params, start: NIODeadline,
        audit: Audit?, completion: Completion
    ) {
        self.service = service
        self.driver = driver
        self.key = key
        self.params = params
        self.start = start
        self.audit = audit
        self.completion = completion
    }

    func ended(_ outcome: RequestOutcome) {
        let answer = service.ended(outcome, of: params, since: start, audit)
        service.metrics.countEnd(of: .getAttrs, answer)
        completion(answer)
    }

    func cancel() {
        driver.withdraw(key)
        service.metrics.countWithdrawn(.getAttrs)
        audit?.writeCancelled()
    }
}

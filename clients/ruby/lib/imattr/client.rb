# frozen_string_literal: true

require "json"
require_relative "arguments"
require_relative "attrs_answer"
require_relative "exchange"
require_relative "stream"

module IMAttr
  # Asks one daemon. Any number of threads and fibers may use a client at once; their calls share one connection. The first
  # call makes it. If the daemon is restarted, the client connects again and repeats what was not answered, and callers
  # notice nothing but the time that it takes. After a fork, the child makes a connection of its own.
  #
  # A call that is left by an exception (Timeout.timeout, Thread#raise, Thread#kill, an Async task's stop) withdraws what
  # it has asked for. Times are in seconds.
  class Client
    DEFAULT_PATH = "/run/imattrd/imattrd.sock"
    # Accounts in a request, and requests of one call that are in flight at once, by default.
    BATCH = 500
    IN_FLIGHT = 32

    # Makes a client, gives it to the block, and closes it.
    def self.open(...)
      client = new(...)
      yield client
    ensure
      client&.close
    end

    # +socket+, or +path:+, is the daemon's socket; else the variable IMATTRD_SOCKET names it, and else it is DEFAULT_PATH.
    def initialize(socket = nil, path: nil)
      raise InvalidArgument, "path is given twice: #{socket.inspect}, #{path.inspect}" unless socket.nil? || path.nil?

      given = socket.nil? ? path : socket
      variable = ENV.fetch("IMATTRD_SOCKET", "")
      @exchange = Exchange.new(given.nil? ? (variable.empty? ? DEFAULT_PATH : variable) : Arguments.path(given))
    end

    # The daemon's socket.
    def path = @exchange.path

    # Asks for the attributes of any number of accounts (Strings of 1 to 255 bytes in UTF-8), and returns a Result.
    #
    # It sends requests of 500 accounts with up to 32 of them in flight, and puts the answers together. The first error
    # ends it. Accounts are the same if their bytes are. For millions of accounts there is #stream.
    #
    # +timeout+:: how long it may take: 0.001 to 600
    # +max_age+:: accept answers that the daemon already holds, up to this old: 0 to 3600; else Tencent is asked
    # +partial+:: accounts that fail are in +failed+ beside those that were answered; an error only if none was answered
    def get_attrs(accounts, timeout: 30, max_age: nil, partial: false)
      deadline = Clock.now + Arguments.timeout(timeout)
      Arguments.max_age(max_age)
      Arguments.partial(partial)
      accounts = Arguments.accounts(accounts).to_enum(:each).each_with_index.map do |account, index|
        Arguments.account(account, index)
      end
      AttrsAnswer.merged(answers(accounts.each_slice(BATCH).to_a, max_age, partial, deadline))
    end

    # Asks for the attributes of accounts as +accounts+ gives them out, by #each, and yields a User for each as its answer
    # arrives, in any order. Without a block: an Enumerator::Lazy.
    #
    # It sends requests of +batch+ accounts with up to +in_flight+ of them at once; so many accounts are read ahead, and
    # nothing while the block runs. An account that is repeated in another request is yielded again. The first error ends
    # it, after what was answered before. Leaving the block early withdraws what is in flight.
    #
    # +timeout+:: how long each request may take: 0.001 to 600
    # +max_age+:: as for #get_attrs
    # +partial+:: an account that fails is yielded with its +failure+, after the missing ones, and the stream goes on
    def stream(accounts, batch: BATCH, in_flight: IN_FLIGHT, timeout: 30, max_age: nil, partial: false, &block)
      Arguments.accounts(accounts)
      Arguments.partial(partial)
      Arguments.batch(batch)
      Arguments.in_flight(in_flight)
      Arguments.timeout(timeout)
      Arguments.max_age(max_age)
      stream = Stream.new(@exchange, accounts, batch, in_flight, timeout, max_age, partial)
      return Enumerator.new { |users| stream.each { |user| users << user } }.lazy unless block

      stream.each(&block)
      nil
    end

    # Asks whether the daemon is there and answers; returns "pong".
    def ping(timeout: 30)
      request("ping", nil, timeout) do |result|
        result == "pong" ? result : raise(ProtocolError, "the answer to ping is not \"pong\"")
      end
    end

    # The daemon's state, limits and counters: a Hash.
    def get_status(timeout: 30)
      request("getStatus", nil, timeout) do |result|
        result.is_a?(Hash) ? result : raise(ProtocolError, "the answer to getStatus is no object")
      end
    end

    # Calls any method, with a Hash or an Array as its params, and returns its result. The timeout bounds the wait; it is
    # not sent.
    def call(method, params = nil, timeout: 30)
      unless params.nil? || params.is_a?(Hash) || params.is_a?(Array)
        raise InvalidArgument, "params are #{params.inspect[0, 80]}, no Hash or Array"
      end

      request(Arguments.method_name(method), params && JSON.generate(params), timeout, &:itself)
    rescue JSON::GeneratorError => e
      raise InvalidArgument, "params cannot be sent: #{e.message}"
    end

    # Ends the client: calls in flight fail with Cancelled, and so do later ones.
    def close
      Interrupts.held { @exchange.close }
      nil
    end

    private

    def request(method, params, timeout, &read)
      deadline = Clock.now + Arguments.timeout(timeout)
      call = Call.new
      values(call, [nil]) { Request.plain(call, method, params, deadline, &read) }.first
    end

    # The answers to batches of accounts, in their order.
    def answers(batches, max_age, partial, deadline)
      call = Call.new
      values(call, batches) { |batch| Request.get_attrs(call, batch, max_age, partial, deadline) }
    end

    # Sends a request for each element, as many at a time as are allowed, and returns their values in the same order.
    def values(call, elements)
      Interrupts.held do
        values = []
        elements.each_with_index do |element, index|
          take(call, values) if call.open.size >= IN_FLIGHT
          request = yield(element)
          request.index = index
          @exchange.start(request)
        end
        nil while take(call, values)
        values
      ensure
        @exchange.withdraw(call)
      end
    end

    def take(call, values)
      return unless (request = @exchange.wait(call))

      values[request.index] = request.outcome
      true
    end
  end
end

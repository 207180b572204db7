# frozen_string_literal: true

require_relative "arguments"
require_relative "attrs_answer"
require_relative "call"
require_relative "interrupts"
require_relative "request"

module IMAttr
  # One run over many accounts. Accounts are read, and users given out, in the caller's thread; the answers are taken in by
  # a thread of their own, so that a caller who takes his time keeps neither the daemon nor the connection waiting.
  class Stream
    def initialize(exchange, accounts, batch, in_flight, timeout, max_age, partial)
      @exchange = exchange
      @accounts = accounts
      @batch = batch
      @in_flight = in_flight
      @timeout = timeout
      @max_age = max_age
      @partial = partial
    end

    # Yields a User for each account.
    def each(&block)
      @call = Call.new
      @answered = Thread::Queue.new
      @under_way = 0
      @giving = false
      run(&block)
    rescue StandardError
      give(&block) until @giving || @answered.empty? # the accounts have failed; what was answered comes before that
      raise
    ensure
      Interrupts.held { @exchange.withdraw(@call) }
    end

    private

    def run(&block)
      index = -1
      @accounts.to_enum(:each).each_slice(@batch) do |slice|
        start(slice.map { |account| Arguments.account(account, index += 1) })
        give(&block) while @under_way >= @in_flight || !@answered.empty?
      end
      give(&block) while @under_way.positive?
    end

    def start(accounts)
      deadline = Clock.now + @timeout
      request = Request.get_attrs(@call, accounts, @max_age, @partial, deadline)
      Interrupts.held do
        @exchange.start(request)
        @exchange.pump(@call) { |ended| @answered << ended }
      end
      @under_way += 1
    end

    # Gives out what one request has brought. What fails in here is no failure of the accounts.
    def give(&block)
      @giving = true
      request = @answered.pop
      @under_way -= 1
      request.outcome.each(&block)
      @giving = false
    end
  end
end

# frozen_string_literal: true

require "imattr"
require "minitest/autorun"
require "pathname"
require "timeout"
require_relative "fake_daemon"

class ClientTest < Minitest::Test
  def with_fake
    FakeDaemon.open { |daemon| IMAttr::Client.open(daemon.path) { |client| yield daemon, client } }
  end

  def test_users_come_with_their_attributes_and_others_are_missing
    with_fake do |daemon, client|
      daemon.serve do |peer|
        request = peer.request
        peer.result(request, {
          UserAttrs: [{ To_Account: "a", Attrs: { sex: "Female" } }], missing: ["b"],
          ErrorList: [{ To_Account: "b", ErrorCode: 70_107, ErrorInfo: "no user" }]
        })
      end
      result = client.get_attrs(%w[a b])
      assert_equal [IMAttr::User.new("a", { "sex" => "Female" })], result.user_attrs
      assert_equal ["b"], result.missing
      assert_equal [IMAttr::AccountError.new("b", 70_107, "no user")], result.error_list
    end
  end

  def test_integers_keep_all_their_digits
    with_fake do |daemon, client|
      daemon.serve do |peer|
        request = peer.request
        peer.write(%({"jsonrpc":"2.0","id":#{request["id"]},"result":{"UserAttrs":[{"To_Account":"a",) +
                   %("Attrs":{"n":123456789012345678901234567890}}],"missing":[]}}\n))
      end
      assert_equal 123_456_789_012_345_678_901_234_567_890, client.get_attrs(["a"]).user_attrs[0].attrs["n"]
    end
  end

  def test_an_answer_may_come_byte_by_byte
    with_fake do |daemon, client|
      daemon.serve do |peer|
        answer = JSON.generate({ jsonrpc: "2.0", id: peer.request["id"], result: "pong" })
        "#{answer}\r\n".each_char { |character| peer.write(character) }
      end
      assert_equal "pong", client.ping
    end
  end

  def test_a_refusal_tells_what_the_daemon_said
    with_fake do |daemon, client|
      data = { source: "daemon", retryable: true, retryAfterMs: 1500, limitName: "maxQueuedAccounts", limit: 300_000 }
      daemon.serve { |peer| peer.refuse(peer.request, -32_000, "overloaded", data) }
      error = assert_raises(IMAttr::Refused) { client.get_attrs(["a"]) }
      assert_equal [-32_000, "overloaded", true, 1.5], [error.code, error.message, error.retryable?, error.retry_after]
      assert_equal ["daemon", "maxQueuedAccounts", 300_000], [error.source, error.limit_name, error.limit]
      assert_nil error.call_id
    end
  end

  def test_mistakes_are_told_before_anything_is_sent
    IMAttr::Client.open("/nonexistent/socket") do |client|
      error = assert_raises(IMAttr::InvalidArgument) { client.get_attrs(["a", "x" * 256]) }
      assert_equal 1, error.index
      assert_equal 0, assert_raises(IMAttr::InvalidArgument) { client.get_attrs(["\xff"]) }.index
      assert_raises(IMAttr::InvalidArgument) { client.get_attrs(["a"], timeout: 601) }
      assert_raises(IMAttr::InvalidArgument) { client.get_attrs(["a"], max_age: -1) }
      assert_raises(IMAttr::InvalidArgument) { client.stream(["a"], batch: 0) {} }
      assert_raises(IMAttr::InvalidArgument) { client.call("ping", 1) }
    end
  end

  def test_wrong_arguments_are_named
    IMAttr::Client.open("/nonexistent/socket") do |client|
      {
        "accounts is nil" => -> { client.get_attrs(nil) },
        "accounts is \"a\"" => -> { client.get_attrs("a") },
        "accounts is 7" => -> { client.stream(7) {} },
        "accounts is {" => -> { client.get_attrs({ "a" => 1 }) },
        "accounts[1] is no String: nil" => -> { client.get_attrs(["a", nil]) },
        "timeout is nil" => -> { client.ping(timeout: nil) },
        "timeout is \"5\"" => -> { client.get_status(timeout: "5") },
        "max_age is \"5\"" => -> { client.get_attrs(["a"], max_age: "5") },
        "partial is nil" => -> { client.get_attrs(["a"], partial: nil) },
        "partial is \"no\"" => -> { client.stream(["a"], partial: "no") },
        "batch is 10001" => -> { client.stream(["a"], batch: 10_001) },
        "in_flight is nil" => -> { client.stream(["a"], in_flight: nil) },
        "method is nil" => -> { client.call(nil) },
        "path is 7" => -> { IMAttr::Client.new(7) },
        "path is \"\"" => -> { IMAttr::Client.new("") },
        "path is {" => -> { IMAttr::Client.new({ path: "/a" }) },
        "path is given twice" => -> { IMAttr::Client.new("/a", path: "/b") }
      }.each do |beginning, call|
        error = assert_raises(IMAttr::InvalidArgument, beginning, &call)
        assert error.message.start_with?(beginning), error.message
      end
      [{ socket: "/a" }, { timeout: 5 }].each do |options|
        error = assert_raises(ArgumentError) { IMAttr::Client.new(**options) }
        assert_match options.keys[0].to_s, error.message
      end
    end
  end

  def test_the_ways_to_name_a_socket
    FakeDaemon.open do |daemon|
      daemon.echo
      [IMAttr::Client.new(daemon.path), IMAttr::Client.new(path: daemon.path),
       IMAttr::Client.new(Pathname.new(daemon.path))].each do |client|
        assert_equal daemon.path, client.path
        assert_equal 1, client.get_attrs(["a"]).user_attrs.size
      end
    end
  end

  def test_part_of_an_answer
    with_fake do |daemon, client|
      failed = { To_Account: "b", code: 70_107, message: "m", retryable: false, ErrorInfo: "i" }
      daemon.serve do |peer|
        peer.result(peer.request, { UserAttrs: [{ To_Account: "a", Attrs: {} }], missing: [], failed: [failed] })
        peer.refuse(peer.request, -32_002, "down", { retryable: true, retryAfterMs: 100, callId: "c-1" })
        peer.refuse(peer.request, -32_002, "down", { retryable: true })
      end
      b = IMAttr::FailedAccount.new("b", 70_107, "m", false, "i", nil, nil)
      assert_equal [b], client.get_attrs(%w[a b], partial: true).failed
      users = client.stream(["c"], partial: true).to_a
      c = IMAttr::FailedAccount.new("c", -32_002, "down", true, nil, 0.1, "c-1")
      assert_equal [[c, true, false]], users.map { |user| [user.failure, user.failed?, user.missing?] }
      assert_equal(-32_002, assert_raises(IMAttr::Refused) { client.get_attrs(["d"], partial: true) }.code)
    end
  end

  def test_the_daemons_own_deadline_is_the_deadline_error
    with_fake do |daemon, client|
      data = { source: "daemon", retryable: true, retryAfterMs: 900 }
      daemon.serve { |peer| peer.refuse(peer.request, -32_001, "too late", data) }
      error = assert_raises(IMAttr::DeadlineExceeded) { client.get_attrs(["a"]) }
      assert_equal [-32_001, "too late", 0.9, "daemon"], [error.code, error.message, error.retry_after, error.source]
    end
  end

  def test_nobody_there_is_told_at_once_with_the_path
    error = assert_raises(IMAttr::Unreachable) { IMAttr::Client.new("/nonexistent/socket").ping }
    assert_equal ["/nonexistent/socket", Errno::ENOENT], [error.path, error.errno]
    assert_match(/is imattrd running/, error.message)
  end

  def test_no_accounts_are_an_empty_answer_without_a_daemon
    assert_equal IMAttr::Result.new([], [], nil), IMAttr::Client.new("/nonexistent/socket").get_attrs([])
  end

  def test_threads_share_one_connection
    with_fake do |daemon, client|
      served = daemon.serve do |peer|
        requests = Array.new(20) { peer.request }
        requests.shuffle(random: Random.new(1)).each { |request| peer.echo(request) }
        requests.map { |request| request["id"] }.uniq.size
      end
      names = Array.new(20) { |number| "user #{number}" }
      threads = names.map { |name| Thread.new { client.get_attrs([name]).user_attrs[0].attrs["name"] } }
      assert_equal names, threads.map(&:value)
      assert_equal 20, served.value
    end
  end

  def test_a_call_that_is_timed_out_from_outside_is_withdrawn
    with_fake do |daemon, client|
      served = daemon.serve do |peer|
        [peer.request, peer.request].tap { peer.result(peer.request, "pong") }
      end
      assert_raises(Timeout::Error) { Timeout.timeout(0.05) { client.get_attrs(["a"]) } }
      assert_equal "pong", client.ping
      request, cancellation = served.value
      assert_equal ["$/cancelRequest", { "id" => request["id"] }], cancellation.values_at("method", "params")
    end
  end

  def test_what_waits_is_cancelled_by_close
    with_fake do |daemon, client|
      asked = Thread::Queue.new
      daemon.serve { |peer| asked << peer.request && peer.request }
      waiting = Thread.new { assert_raises(IMAttr::Cancelled) { client.ping } }
      asked.pop
      client.close
      assert waiting.value
      assert_raises(IMAttr::Cancelled) { client.ping }
    end
  end

  def test_what_the_end_of_a_connection_left_unanswered_is_repeated
    with_fake do |daemon, client|
      served = Thread.new do
        daemon.accept.then { |peer| peer.request && peer.close }
        daemon.accept.then { |peer| peer.echo(peer.request) }
      end
      assert_equal ["a"], client.get_attrs(["a"]).user_attrs.map(&:account)
      served.join
    end
  end

  # A connection whose sending has failed takes part until its end is read: that decides when to connect again, and whatever
  # it is, no request is left waiting.
  def test_new_requests_after_a_failed_write_wait_for_the_end
    with_fake do |daemon, client|
      served = daemon.serve do |peer|
        peer.request.then { |request| peer.stop_reading && peer.result(request, "pong") }
        peer
      end
      assert_equal "pong", client.ping
      waiting = Array.new(3) do
        # One after the other, so that a thread that stops waits for its answer, and not for another thread.
        Thread.new { assert_raises(IMAttr::ProtocolError) { client.ping } }.tap { |thread| Thread.pass until thread.stop? }
      end
      served.value.write("nonsense\n")
      waiting.each { |thread| assert thread.join(10), "a request waits for nothing" }
    end
  end

  # A daemon that closes each connection is not connected to without pauses, even if no call waits when the end comes.
  def test_pauses_after_ends_that_no_call_waits_for
    with_fake do |daemon, client|
      began = IMAttr::Clock.now
      5.times do
        asked = Thread.new { assert_raises(IMAttr::Cancelled, Timeout::Error) { Timeout.timeout(10) { client.ping } } }
        daemon.accept.then { |peer| peer.request && asked.kill.join && peer.close }
      end
      # The second follows at once, and the others after 50, 100 and 200 ms.
      assert_operator IMAttr::Clock.now - began, :>=, 0.35
    end
  end

  def test_a_forked_child_has_a_connection_of_its_own
    with_fake do |daemon, client|
      daemon.echo
      assert_equal 1, client.get_attrs(["a"]).user_attrs.size
      child = fork { exit!(client.get_attrs(["b"]).user_attrs[0].account == "b") }
      assert Process.wait2(child)[1].success?
      assert_equal "c", client.get_attrs(["c"]).user_attrs[0].account
    end
  end
end

# frozen_string_literal: true

require "imattr"
require "minitest/autorun"
require_relative "fake_daemon"

class StreamTest < Minitest::Test
  def with_echo
    FakeDaemon.open do |daemon|
      daemon.echo
      IMAttr::Client.open(daemon.path) { |client| yield client }
    end
  end

  # Gives out accounts, and knows how many.
  def counted(count)
    taken = [0]
    accounts = Enumerator.new { |yielder| count.times { |number| taken[0] += 1 and yielder << "user #{number}" } }
    [accounts, taken]
  end

  def test_each_account_is_yielded_once
    with_echo do |client|
      accounts, = counted(10_000)
      names = []
      assert_nil(client.stream(accounts) { |user| names << user.account })
      assert_equal accounts.to_a.sort, names.sort
    end
  end

  def test_without_a_block_it_is_lazy
    with_echo do |client|
      accounts, taken = counted(1_000_000)
      assert_equal 3, client.stream(accounts, batch: 10, in_flight: 4).first(3).size
      assert_operator taken[0], :<=, 50
    end
  end

  def test_it_reads_no_further_ahead_than_told_while_the_block_runs
    with_echo do |client|
      accounts, taken = counted(1000)
      yielded = 0
      client.stream(accounts, batch: 10, in_flight: 3) do
        yielded += 1
        assert_operator taken[0] - yielded, :<=, 40
      end
      assert_equal 1000, yielded
    end
  end

  def test_leaving_it_withdraws_what_is_under_way
    FakeDaemon.open do |daemon|
      served = daemon.serve do |peer|
        first, second = peer.request, peer.request
        peer.echo(first)
        [second["id"], peer.request]
      end
      IMAttr::Client.open(daemon.path) do |client|
        client.stream(%w[a b], batch: 1, in_flight: 2) { break }
        id, cancellation = served.value
        assert_equal ["$/cancelRequest", { "id" => id }], cancellation.values_at("method", "params")
      end
    end
  end

  def test_what_the_accounts_raise_passes_through
    with_echo do |client|
      accounts = Enumerator.new { |yielder| (yielder << "a") && raise("no more") }
      assert_equal "no more", assert_raises(RuntimeError) { client.stream(accounts, batch: 1) {} }.message
      assert_equal "b", client.get_attrs(["b"]).user_attrs[0].account
    end
  end

  def test_what_the_block_raises_passes_through
    with_echo do |client|
      error = assert_raises(RuntimeError) { client.stream(["a"]) { raise "enough" } }
      assert_equal "enough", error.message
      assert_equal "b", client.get_attrs(["b"]).user_attrs[0].account
    end
  end

  def test_a_client_may_be_asked_within_the_block
    with_echo do |client|
      names = []
      client.stream(%w[a b]) { |user| names << client.get_attrs(["#{user.account}2"]).user_attrs[0].account }
      assert_equal %w[a2 b2], names
    end
  end
end

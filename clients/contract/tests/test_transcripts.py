"""The transcripts are well-formed, and need what they say they need."""

import json
import tempfile
import unittest
from pathlib import Path

from conformance.matching import complaint
from conformance.player import Player
from conformance.transcript import Transcript, TranscriptError, all_transcripts, expanded

# The fields of errors that the contract names; each must be in some transcript.
FIELDS = {"source", "retryable", "retryAfterMs", "ErrorInfo", "attempts", "path", "limit", "limitName", "fetched"}
FIELDS |= {"failed", "callId", "clockSkewSeconds"}
CODES = {-32700, -32600, -32601, -32602, -32603, -32000, -32001, -32002, -32003, -32004, -32005, -32800}


class TranscriptTests(unittest.TestCase):
    def test_each_kind_of_step_can_be_played(self):
        for transcript in all_transcripts():
            for step in transcript.steps:
                self.assertTrue(hasattr(Player, f"_step_{transcript.kind(step)}"), step)

    def test_titles_are_different(self):
        titles = [transcript.title for transcript in all_transcripts()]
        self.assertEqual(len(titles), len(set(titles)))

    def test_needs_are_what_the_commands_need(self):
        for transcript in all_transcripts():
            with self.subTest(transcript=transcript.name):
                self.assertLessEqual(needed(transcript), set(transcript.needs) | implied(transcript.needs))

    def test_every_code_and_field_of_the_contract_is_there(self):
        text = "".join(json.dumps(transcript.steps) for transcript in all_transcripts()).replace("\\", "")
        self.assertEqual([field for field in FIELDS if f'"{field}"' not in text], [])
        self.assertEqual([code for code in CODES if f'"code": {code}' not in text and f'"code":{code}' not in text], [])

    def test_every_kind_of_error_is_there(self):
        text = "".join(json.dumps(transcript.steps) for transcript in all_transcripts())
        for kind in ("argument", "refused", "unreachable", "lost", "deadline", "protocol", "cancelled"):
            self.assertIn(f'"kind": "{kind}"', text)

    def test_what_is_wrong_in_a_file_is_said(self):
        for text in ["", "{", '{"why":"no title"}', '{"title":"x","needs":["wings"]}', '{"title":"x"}\n{"dances":1}']:
            with tempfile.TemporaryDirectory() as folder, self.subTest(text=text):
                path = Path(folder) / "x.jsonl"
                path.write_text(text)
                self.assertRaises(TranscriptError, Transcript, path)

    def test_short_forms(self):
        self.assertEqual(expanded({"$accounts": ["u", 8, 3]}), ["u8", "u9", "u10"])
        self.assertEqual(expanded({"$users": ["u", 1, 1]}), [{"To_Account": "u1", "Attrs": {"account": "u1"}}])
        self.assertEqual(expanded([{"$repeat": ["ab", 2]}]), ["abab"])
        self.assertEqual(expanded({"$join": [{"$repeat": ["a", 2]}, "b"]}), "aab")
        self.assertEqual(expanded({"$join": [["a"], {"$accounts": ["b", 0, 1]}]}), ["a", "b0"])
        self.assertIsNone(complaint(expanded({"x": {"$oneOf": [{"$accounts": ["u", 0, 1]}]}}), {"x": ["u0"]}))


def implied(needs):
    """Who can cancel reads commands while a call runs."""
    return {"concurrent"} if "cancel" in needs else set()


def needed(transcript):
    """The features without which these commands cannot be carried out."""
    features, running = set(), set()
    for step in [inner for step in transcript.steps for inner in step.get("inAnyOrder", [step])]:
        for event in [step[key] for key in ("says", "until") if key in step]:
            if {"result", "error", "end", "left"} & set(event):
                running.discard(event.get("call"))
        if step.get("do") in ("stream", "cancel"):
            features.add(step["do"])
        if "pauseAfter" in step or step.get("do") in ("resume", "leave"):
            features.add("pause")
        elif "do" in step:
            if running:
                features.add("concurrent")
            running |= {step["call"]} if "call" in step else set()
    return features
